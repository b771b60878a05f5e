//! Iceberg table and view metadata: parse, check requirements, apply updates, print. Pure and lossless.
