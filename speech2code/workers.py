"""Processes that work for this one: they end when it ends, and leave Ctrl-C to it."""

import ctypes
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from threading import Thread
from typing import Any

from speech2code.errors import UserError

SIGNALS = (signal.SIGINT, signal.SIGTERM)
DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux's prctl.h: the kernel's signal to a process whose parent has ended


@contextmanager
def workers(count: int, begin: Callable[[], object]) -> Iterator[ProcessPoolExecutor]:
    """A pool of `count` new processes, each of which calls `begin` first. Without an exception all work is awaited;
    with one, the workers are killed at once. UserError where a worker was killed."""
    if multiprocessing.get_start_method() not in multiprocessing.get_all_start_methods():
        multiprocessing.set_start_method("spawn", force=True)  # the workers are told, and know nothing of joblib's own
    # spawn: a forked child of a process that holds torch's threads or a GPU can hang
    context = multiprocessing.get_context("spawn")
    others = multiprocessing.active_children()
    with _Pool(count, mp_context=context, initializer=_begin, initargs=(begin,)) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise UserError(
                "a worker process was killed or died, often for want of memory (trainer.jobs=1 needs least); "
                "the same command goes on from here"
            ) from error
        except BaseException:
            for worker in multiprocessing.active_children():
                if worker not in others:
                    worker.kill()  # a task that has begun can take minutes
            raise


@contextmanager
def signals_held_back() -> Iterator[None]:
    """SIGINT and SIGTERM wait for the end of the block. Processes started in it never get them, unless they say
    `take_signals`: no traceback while they import."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def take_signals() -> None:
    """Undoes what a process has from `signals_held_back` of the one that started it."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def end_with_parent() -> None:
    """Kills this process as soon as the one that asked for it has ended, however that ended; of a process that
    `multiprocessing` did not start, nothing."""
    parent: Any = multiprocessing.parent_process()
    if parent is not None:
        libc = ctypes.CDLL(None)
        if parent.sentinel is not None and hasattr(libc, "prctl"):  # Linux: PocketSphinx lets no thread run for minutes
            libc.prctl(DEATH_SIGNAL, signal.SIGKILL)
        Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: Any) -> None:
    if parent.sentinel is None:  # joblib's workers have none
        while os.getppid() == parent.pid:
            time.sleep(0.5)
    else:
        parent.join()
    os.kill(os.getpid(), signal.SIGKILL)


class _Pool(ProcessPoolExecutor):
    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        with signals_held_back():  # here processes are started
            return super().submit(fn, *args, **kwargs)


def _begin(begin: Callable[[], object]) -> None:
    end_with_parent()
    begin()
