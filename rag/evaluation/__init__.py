"""How well passages are found: questions with known evidence, measures, and their uncertainty."""
