//! The `tracespool` program.

fn main() {}
