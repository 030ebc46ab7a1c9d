//! One test binary: each further one would link polars again.
