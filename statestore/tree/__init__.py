"""What state is: kinds of immutable values, drafts of them, patches and differences."""
