"""Windows: a process puts itself into a job that limits its memory and time."""

from __future__ import annotations

import ctypes
import sys

PROCESS_TIME, PROCESS_MEMORY, NO_DIALOG = 0x2, 0x100, 0x400
EXTENDED_LIMITS = 9
"""JobObjectExtendedLimitInformation of the JOBOBJECTINFOCLASS."""


class BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION; times in units of 100 ns."""

    _fields_ = (
        ("process_time", ctypes.c_int64),
        ("job_time", ctypes.c_int64),
        ("flags", ctypes.c_uint32),
        ("least_working_set", ctypes.c_size_t),
        ("most_working_set", ctypes.c_size_t),
        ("processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority", ctypes.c_uint32),
        ("scheduling", ctypes.c_uint32),
    )


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION: the above, six I/O counters, memory in bytes."""

    _fields_ = (
        ("basic", BasicLimits),
        ("io", ctypes.c_uint64 * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peak_process_memory", ctypes.c_size_t),
        ("peak_job_memory", ctypes.c_size_t),
    )


def limits_of(memory: int, seconds: float) -> ExtendedLimits:
    """The structure for ``memory`` bytes committed and ``seconds`` of processor time."""
    limits = ExtendedLimits()
    limits.basic.flags = PROCESS_TIME | PROCESS_MEMORY | NO_DIALOG
    limits.basic.process_time = int(seconds * 10_000_000)
    limits.process_memory = memory
    return limits


def limit_this_process(memory: int, seconds: float) -> None:
    """Make a job and enter it. Where Windows refuses, the parent's clock is the limit that is left."""
    if sys.platform == "win32":
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = kernel.GetCurrentProcess.restype = ctypes.c_void_p
        kernel.SetInformationJobObject.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32)
        kernel.AssignProcessToJobObject.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
        job = kernel.CreateJobObjectW(None, None)
        limits = limits_of(memory, seconds)
        if job and kernel.SetInformationJobObject(job, EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)):
            kernel.AssignProcessToJobObject(job, kernel.GetCurrentProcess())
