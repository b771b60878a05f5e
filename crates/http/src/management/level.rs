//! The same operations on each kind of thing.

/// A module with operations on one kind of thing. Each of them is a macro, given what stands in the braces:
///
/// - `what`: the thing, as a sentence says it;
/// - `names`: what the ids of operations call it, and how they end;
/// - `path`: where the operations are;
/// - `params`: the parameters that all of them have;
/// - `ids`: the parameters in the path, and their types;
/// - `target`: what these name.
macro_rules! level {
    ($level:ident $thing:tt $($operation:ident)*) => {
        pub(crate) mod $level {
            $($operation! $thing)*
        }
    };
}

pub(crate) use level;
