"""The work itself: the steps, the tiles they run on, and the pipeline that orders them."""
