"""Where the program begins, as `speech2code` and as `python -m speech2code`."""

import signal

# until `main` takes them: whoever stops the program while its modules load sees no traceback
signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))

from speech2code.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
