//! Equality of fields and types by meaning, not by spelling.

use super::{Field, Type, kind};
use crate::json::same_extra;

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
            && self.name == other.name
            && self.required == other.required
            && self.ty == other.ty
            && same_extra(&self.extra, &other.extra)
    }
}

impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Named(one), Self::Named(two)) => {
                one == two || kind::canonical(one) == kind::canonical(two)
            }
            (Self::Other(one), Self::Other(two)) => one == two,
            (
                Self::Struct { fields, extra },
                Self::Struct {
                    fields: fields2,
                    extra: extra2,
                },
            ) => fields == fields2 && same_extra(extra, extra2),
            (
                Self::List {
                    id,
                    required,
                    element,
                    extra,
                },
                Self::List {
                    id: id2,
                    required: required2,
                    element: element2,
                    extra: extra2,
                },
            ) => (id, required, element) == (id2, required2, element2) && same_extra(extra, extra2),
            (
                Self::Map {
                    ids,
                    required,
                    key,
                    value,
                    extra,
                },
                Self::Map {
                    ids: ids2,
                    required: required2,
                    key: key2,
                    value: value2,
                    extra: extra2,
                },
            ) => {
                (ids, required, key, value) == (ids2, required2, key2, value2)
                    && same_extra(extra, extra2)
            }
            _ => false,
        }
    }
}
