"""What went wrong, with the number the program ends with."""

from terminal.words import say

FAILED, USAGE, LOGGED_OUT, UNREACHABLE, NOT_FOUND, LIMITED = 1, 2, 3, 4, 5, 6
INTERRUPTED = 130


class Trouble(Exception):
    """`code` is the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def logged_out() -> Trouble:
    return Trouble(say("You are not logged in. Use: lontar login"), LOGGED_OUT)


def unreachable(address: str) -> Trouble:
    sentence = say("Nothing answers at %s. Is Lontar running there?") % address
    return Trouble(sentence, UNREACHABLE)
