"""SIMULATED labels with enrolled prints on a test's chain, and pictures of them as a phone sends them."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from ledger.store.fingerprints import Fingerprints
from scanner.fingerprint.template import Template
from scanner.frames import Frame
from scanner.simulated.camera import Camera
from scanner.simulated.paper import Raster
from tests.browser.prints import CLOSE, label_of, print_of, stills, template_of
from tests.world import Chain

GENUINE, COPY = 1, 2  # seeds of paper: the same code, printed twice


def paper(item: str, seed: int = GENUINE, lot: str = "L1") -> Raster:
    """A pack's label on paper."""
    return print_of(label_of(item, lot), seed)


def enrol(chain: Chain, kept: Fingerprints, item: str) -> tuple[Template, bytes, bytes]:
    """Enrol a pack's genuine label: template and salt into the store, the commitment onto the log."""
    template = template_of(paper(item), sha256(item.encode()).digest()[:16])
    salt = sha256(b"salt" + item.encode()).digest()
    commitment = template.commitment(salt)
    kept.put(item, commitment, bytes(template), salt, chain.now)
    chain.log.submit(chain.event("enrol", chain.maker, [item], extras={item: commitment}))
    return template, salt, commitment


def look(
    client: FlaskClient, item: str, pictures: list[bytes], device: str = "phone 1"
) -> TestResponse:
    """Ask whether a label is the enrolled print."""
    return send(client, "match", pictures, item=item, device=device)


def looked(client: FlaskClient, item: str, pictures: list[bytes]) -> dict[str, Any]:
    """The outcome of a look that is taken."""
    answer = look(client, item, pictures)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.get_json()
    return told


def send(client: FlaskClient, what: str, pictures: list[bytes], **fields: str) -> TestResponse:
    """Send pictures to one of the service's routes."""
    name = "frame" if what == "measure" else "frames"
    files = [FileStorage(BytesIO(data), f"{n}.jpg", name) for n, data in enumerate(pictures)]
    # As bytes: Werkzeug's own client leaves a large body's file open.
    boundary, body = encode_multipart(MultiDict([*fields.items(), *((name, one) for one in files)]))
    return client.post(
        f"/api/fingerprint/{what}", data=body,
        content_type=f"multipart/form-data; boundary={boundary}",
    )  # fmt: skip


def pictures(
    item: str, count: int = 3, seed: int = GENUINE, camera: Camera = CLOSE, first: int = 500
) -> list[bytes]:
    """Pictures of a pack's label in a hand; another `first`, other pictures."""
    return stills(paper(item, seed), count, camera, first)


def codes(told: dict[str, Any]) -> list[str]:
    """The reasons of an outcome."""
    return [one["code"] for one in told["reasons"]]


def png(frame: Frame) -> bytes:
    """A frame as a file that loses nothing."""
    done, data = cv2.imencode(".png", frame)
    assert done
    return data.tobytes()


def grey(data: bytes) -> Frame:
    """A picture's grey values."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    return np.asarray(found, np.uint8)
