//! Repository automation: the ratchet.
fn main() {}
