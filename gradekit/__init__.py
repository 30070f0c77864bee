"""Checks for graded exercises: instant in the learner's notebook, boxed when a teacher grades."""
