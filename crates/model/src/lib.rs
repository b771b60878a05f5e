//! Ids, names, paths, callers, events and bounds: pure data that every room may know.
