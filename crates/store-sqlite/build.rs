//! Tells Cargo that the migrations are part of the program: the macro that embeds them cannot.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
