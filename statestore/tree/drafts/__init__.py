"""Drafts: mutable views of immutable values. Edit one, and the next value and its patches come out."""

from statestore.tree.drafts.draft import Draft, current, original
from statestore.tree.drafts.produce import produce, produce_with_patches, run_recipe

__all__ = ["Draft", "current", "original", "produce", "produce_with_patches", "run_recipe"]
