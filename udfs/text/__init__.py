"""Measuring and editing text: words, language, signals, rules, recipes, edits."""
