//! The store traits, their errors, the gathered read, and the conformance suite.
