"""How state changes: slices and reducers, middleware, the store, selectors and effects."""
