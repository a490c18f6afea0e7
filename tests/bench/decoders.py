"""Our cascade and the decoders that it is measured beside, each as a function of a frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import zxingcpp
from pylibdmtx import pylibdmtx
from pyzbar import pyzbar

from scanner import symbols
from scanner.frames import Frame

QR, DATAMATRIX = "qr", "datamatrix"
OURS, ZXING = "packtrace", "zxing-cpp"
PATIENT_MS: Final = 150  # what pylibdmtx may take for a frame; unbounded it takes seconds
_BOTH: Final = zxingcpp.barcode_formats_from_str("QRCode|DataMatrix")


@dataclass(frozen=True)
class Decoder:
    """A decoder: the kinds of symbols it reads, a frame's texts."""

    name: str
    kinds: tuple[str, ...]
    read: Callable[[Frame], list[str]]
    keeps_separators: bool = True

    def says(self, text: str, wanted: str) -> bool:
        """Whether a text is what was wanted, as far as this decoder can tell."""
        return text == (wanted if self.keeps_separators else wanted.replace("\x1d", ""))


def ours(frame: Frame, budget_s: float = 0.15) -> list[str]:
    """The whole cascade, with a stream's time for a frame."""
    return [symbol.text for symbol in symbols.read(frame, budget_s=budget_s)]


def zxing_alone(frame: Frame) -> list[str]:
    """One pass of zxing-cpp over both formats, as its own defaults have it, text kept plain."""
    found = zxingcpp.read_barcodes(frame, formats=_BOTH, text_mode=zxingcpp.TextMode.Plain)
    return [barcode.text for barcode in found]


def _opencv(detector: cv2.QRCodeDetector | cv2.QRCodeDetectorAruco) -> Callable[[Frame], list[str]]:
    def read(frame: Frame) -> list[str]:
        try:
            _, texts, *_ = detector.detectAndDecodeMulti(frame)
        except (cv2.error, UnicodeDecodeError):
            return []  # both come from frames that it cannot handle
        return [text for text in texts if text]

    return read


def _zbar(frame: Frame) -> list[str]:
    found = pyzbar.decode(frame, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return [one.data.decode("utf-8", errors="replace") for one in found]


def _dmtx(frame: Frame) -> list[str]:
    found = pylibdmtx.decode(frame, timeout=PATIENT_MS, max_count=1)
    return [one.data.decode("utf-8", errors="replace") for one in found]


DECODERS: Final = (
    Decoder(OURS, (QR, DATAMATRIX), ours),
    Decoder(ZXING, (QR, DATAMATRIX), zxing_alone),
    Decoder("opencv", (QR,), _opencv(cv2.QRCodeDetector())),
    Decoder("opencv-aruco", (QR,), _opencv(cv2.QRCodeDetectorAruco())),
    Decoder("pyzbar", (QR,), _zbar),
    Decoder("pylibdmtx", (DATAMATRIX,), _dmtx, keeps_separators=False),
)
