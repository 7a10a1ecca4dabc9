from chat.tests.fakes import model, play

__all__ = ["model", "play"]
