//! Generates the same operations for each kind of resource.

/// Makes a module with operations on one kind of resource. Each operation is a macro that is called with the arguments in the
/// braces:
///
/// - `what`: the resource in a sentence, such as `a table`;
/// - `names`: the name of the resource in operation ids, and a suffix of these ids;
/// - `path`: the common beginning of the paths;
/// - `params`: the documented parameters of all operations;
/// - `ids`: the path parameters, with their types;
/// - `target`: the resource that the path parameters name.
macro_rules! per_resource {
    ($module:ident $thing:tt $($operation:ident)*) => {
        pub(crate) mod $module {
            $($operation! $thing)*
        }
    };
}

pub(crate) use per_resource;
