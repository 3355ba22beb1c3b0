"""Every dashboard, in the order of a day: is it served, does it answer, is it judged, what does it stand on?"""

from leanrag.dashboards.boards import gate, gpu, models, platform, rag, serving
from leanrag.dashboards.model import Board

ALL: tuple[Board, ...] = (serving.BOARD, models.BOARD, rag.BOARD, gate.BOARD, gpu.BOARD, platform.BOARD)
