"""Where CTranslate2 finds CUDA 12's cuBLAS."""

import subprocess
import sys

import pytest

SCRIPT = """
import ctypes
from minutier.transcription.whisper import load_cublas
if {load}:
    load_cublas()
ctypes.CDLL("libcublas.so.12")
"""


@pytest.mark.parametrize("load", [True, False])
def test_the_library_of_the_wheel_is_found_by_its_name_once_it_is_loaded(load: bool) -> None:
    found = subprocess.run([sys.executable, "-c", SCRIPT.format(load=load)], capture_output=True, check=False)
    assert (found.returncode == 0) is load
