"""Mistakes that nobody planned for, per chapter: ``test_hints.py`` scores what `check` says to them.

``MISTAKES`` maps a graded exercise to its wrong answers: name -> (answer, words that a true and specific hint holds,
or None where what is said names no cause). Add a chapter as ``chNN.py``; choices need none, theirs are made by rule.
"""
