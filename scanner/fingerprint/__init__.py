"""The fingerprint of a printed label: ink on paper is ragged in a way that no copy repeats.

    design    a printed code -> the modules it was meant to have, the points to look at
    recode    a QR code's modules as other encoders make them
    rectify   frame + design -> the code laid flat, and what the frame was worth
    points    design + seed -> where to look, and what the design explains there
    residual  flat picture + points -> a vector
    screen    flat picture -> whether it shows points in rows
    limits    every threshold, with the data it comes from
    measured  how the scores of real prints lie
    session   frames of one label -> gate, and the vectors' mean
    template  enrolment: a vector as bytes (`AFP1`), and the commitment that a log keeps
    match     template + session -> score and one of three verdicts, with reasons
    wording   those in words
    raster    the dots of a label that is printed to be enrolled
    command   `python -m scanner fingerprint`                                    -- shell

All but the last is pure: no camera, no clock, no file, no randomness. What it can tell and what it
cannot is in docs/fingerprint.md.
"""
