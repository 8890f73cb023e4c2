"""Figures a day that are reckoned ahead: what they hold, how they follow the rows, and whether they still do.

They are derived: nothing of them is tracked, and all of them can be reckoned anew from the rows at any time.
"""
