"""The one exception a user sees as a sentence instead of a traceback."""


class UserError(Exception):
    """Bad input or a missing program: one sentence that says what is wrong, where, and what to do."""
