"""SIMULATED labels and cameras, for the demo world and for measuring. Not evidence about real paper.

paper     dots -> a print, worn or copied
camera    a print -> frames
"""
