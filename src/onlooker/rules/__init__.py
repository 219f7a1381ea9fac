"""Rules: what is worth an alert. Sigma's, by pySigma, and our own, whose YAML has an expression.

files.py     YAML that strangers wrote, with limits and places
own.py       rules with an expression
sigma.py     rules of Sigma, in our fields and our language
logic.py     expressions of parts of which some can never match
loading.py   both, of files and directories: what is loaded, and what is refused and why
detector.py  finds what they look for in batches, and puts alerts behind it
asked.py     what a monitor asks its source for, so that the rules get what they need
trying.py    a rule's own examples
cost.py      what each costs
"""

from .detector import Detector
from .loading import RuleSet, load
from .rule import Refused, Rule

__all__ = ["Detector", "Refused", "Rule", "RuleSet", "load"]
