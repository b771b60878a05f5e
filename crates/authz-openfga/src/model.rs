//! Parses the shipped permission model, `model.fga`, at start. Only the parts of OpenFGA's language that the file uses are
//! supported: direct types, relations, `from`, `or`, `and`, `but not`, and parentheses.

use std::collections::HashMap;

use crate::messages::{
    Difference, Empty, From as FromParent, Metadata, ObjectRelation, Related, RelationMetadata,
    RelationReference, Rewrite, TupleKey, TypeDefinition, Userset, Usersets,
};

/// The version of the model in `model.fga`. Each change of the model needs a new version. Today's Lakekeeper has version 4.9
/// under the same prefix.
pub(crate) const VERSION: &str = "5.1";

const SOURCE: &str = include_str!("model.fga");

/// Why a model cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the authorization model cannot be read, line {line}: {what}")]
pub(crate) struct InvalidModel {
    line: usize,
    what: String,
}

/// A model in the form that OpenFGA's API takes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    pub(crate) schema: String,
    pub(crate) types: Vec<TypeDefinition>,
}

impl Model {
    /// The shipped model.
    pub(crate) fn shipped() -> Result<Self, InvalidModel> {
        Self::parse(SOURCE)
    }

    fn parse(source: &str) -> Result<Self, InvalidModel> {
        let mut model = Self {
            schema: String::new(),
            types: Vec::new(),
        };
        for (number, line) in source.lines().enumerate() {
            let refuse = |what: String| InvalidModel {
                line: number + 1,
                what,
            };
            match line.trim().split_once(' ').unwrap_or((line.trim(), "")) {
                ("" | "#" | "model" | "relations", _) => {}
                ("schema", version) => version.clone_into(&mut model.schema),
                ("type", name) => model.types.push(TypeDefinition {
                    r#type: name.to_owned(),
                    ..TypeDefinition::default()
                }),
                ("define", definition) => {
                    let within = model.types.last_mut();
                    let within = within.ok_or_else(|| refuse("it belongs to no type".into()))?;
                    define(within, definition).map_err(refuse)?;
                }
                (word, _) => return Err(refuse(format!("unknown word `{word}`"))),
            }
        }
        Ok(model)
    }

    /// Whether the model has a place for the tuple, so that OpenFGA accepts it.
    pub(crate) fn takes(&self, tuple: &TupleKey) -> bool {
        let kind = tuple.object.split(':').next().unwrap_or_default();
        self.is_direct(kind, &tuple.relation)
    }

    /// Whether tuples with this relation can be written on objects of this type.
    fn is_direct(&self, kind: &str, relation: &str) -> bool {
        let found = self.types.iter().find(|one| one.r#type == kind);
        let metadata = found.and_then(|one| one.metadata.as_ref());
        let related = metadata.and_then(|metadata| metadata.relations.get(relation));
        related.is_some_and(|related| !related.directly_related_user_types.is_empty())
    }
}

fn define(within: &mut TypeDefinition, definition: &str) -> Result<(), String> {
    let (name, rule) = definition
        .split_once(": ")
        .ok_or_else(|| format!("`{definition}` is not `name: rule`"))?;
    let mut words = Words::of(rule);
    let userset = words.expression()?;
    if let Some(word) = words.left.pop() {
        return Err(format!("`{word}` is left over"));
    }
    let metadata = within.metadata.get_or_insert_with(Metadata::default);
    let direct = RelationMetadata {
        directly_related_user_types: words.direct,
    };
    metadata.relations.insert(name.to_owned(), direct);
    let relations: &mut HashMap<_, _> = &mut within.relations;
    match relations.insert(name.to_owned(), userset) {
        None => Ok(()),
        Some(_) => Err(format!("`{name}` is defined twice")),
    }
}

/// The words of a rule that are still to be parsed, in reverse order, and the direct types found so far.
struct Words<'a> {
    left: Vec<&'a str>,
    direct: Vec<RelationReference>,
}

impl<'a> Words<'a> {
    fn of(rule: &'a str) -> Self {
        let mut left = Vec::new();
        let mut rest = rule.trim();
        while !rest.is_empty() {
            let end = match rest.chars().next() {
                Some('(' | ')') => 1,
                Some('[') => rest.find(']').map_or(rest.len(), |at| at + 1),
                _ => rest.find([' ', ')', '(']).unwrap_or(rest.len()),
            };
            let (word, behind) = rest.split_at(end);
            left.push(word);
            rest = behind.trim_start();
        }
        left.reverse();
        let direct = Vec::new();
        Self { left, direct }
    }

    /// Parses operands with one kind of operator between them.
    fn expression(&mut self) -> Result<Userset, String> {
        let mut operands = vec![self.operand()?];
        let mut operator = None;
        while let Some(word) = self.left.pop_if(|word| *word != ")") {
            if *operator.get_or_insert(word) != word {
                return Err(format!("`{word}` needs parentheses"));
            }
            if word == "but" && self.left.pop() != Some("not") {
                return Err("`but` without `not`".to_owned());
            }
            operands.push(self.operand()?);
        }
        let rewrite = match (operator, operands.len()) {
            (None, _) => return operands.pop().ok_or_else(|| "nothing".to_owned()),
            (Some("or"), _) => Rewrite::Union(Usersets { child: operands }),
            (Some("and"), _) => Rewrite::Intersection(Usersets { child: operands }),
            (Some("but"), 2) => {
                let subtract = operands.pop().map(Box::new);
                let base = operands.pop().map(Box::new);
                Rewrite::Difference(Box::new(Difference { base, subtract }))
            }
            (Some(word), _) => return Err(format!("unknown operator `{word}`")),
        };
        Ok(Userset {
            rewrite: Some(rewrite),
        })
    }

    fn operand(&mut self) -> Result<Userset, String> {
        let word = self.left.pop().ok_or("an operand is missing")?;
        let rewrite = if word == "(" {
            let inner = self.expression()?;
            return match self.left.pop() {
                Some(")") => Ok(inner),
                _ => Err("`)` is missing".to_owned()),
            };
        } else if let Some(types) = word.strip_prefix('[') {
            let types = types.trim_end_matches(']').split(", ");
            self.direct.extend(types.map(reference));
            Rewrite::This(Empty {})
        } else {
            let relation = |name: &str| ObjectRelation {
                relation: name.to_owned(),
            };
            if self.left.pop_if(|next| *next == "from").is_some() {
                let parent = self.left.pop().ok_or("`from` needs a relation")?;
                Rewrite::From(FromParent {
                    tupleset: Some(relation(parent)),
                    computed_userset: Some(relation(word)),
                })
            } else {
                Rewrite::Computed(relation(word))
            }
        };
        Ok(Userset {
            rewrite: Some(rewrite),
        })
    }
}

/// Parses a direct type: `user`, `user:*`, or `role#assignee`.
fn reference(text: &str) -> RelationReference {
    let (kind, related) = if let Some(kind) = text.strip_suffix(":*") {
        (kind, Some(Related::Wildcard(Empty {})))
    } else if let Some((kind, relation)) = text.split_once('#') {
        (kind, Some(Related::Relation(relation.to_owned())))
    } else {
        (text, None)
    };
    RelationReference {
        r#type: kind.to_owned(),
        related,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_model_is_read() {
        let model = Model::shipped().unwrap();
        assert_eq!(model.schema, "1.1");
        assert!(model.is_direct("lakekeeper_table", "select"));
        assert!(model.is_direct("namespace", "parent"));
        assert!(!model.is_direct("namespace", "can_move"));
        assert!(!model.is_direct("server", "select"));
    }

    #[test]
    fn no_relation_looks_at_what_lies_below() {
        fn froms(userset: &Userset, into: &mut Vec<String>) {
            match &userset.rewrite {
                Some(Rewrite::From(from)) => {
                    into.extend(from.tupleset.iter().map(|one| one.relation.clone()));
                }
                Some(Rewrite::Union(some) | Rewrite::Intersection(some)) => {
                    some.child.iter().for_each(|one| froms(one, into));
                }
                Some(Rewrite::Difference(two)) => {
                    let both = two.base.iter().chain(&two.subtract);
                    both.for_each(|one| froms(one, into));
                }
                Some(Rewrite::This(_) | Rewrite::Computed(_)) | None => {}
            }
        }
        let up = ["server", "project", "parent"];
        let mut used = Vec::new();
        for one in Model::shipped().unwrap().types {
            one.relations
                .values()
                .for_each(|rule| froms(rule, &mut used));
        }
        assert!(!used.is_empty());
        assert!(
            used.iter().all(|relation| up.contains(&relation.as_str())),
            "{used:?}"
        );
    }

    #[test]
    fn rules_are_read_as_they_are_written() {
        let mut words = Words::of("[user, role#assignee] or (a but not b from c) or d");
        let rule = words.expression().unwrap();
        let Some(Rewrite::Union(Usersets { child })) = rule.rewrite else {
            panic!("{rule:?}");
        };
        assert_eq!(child.len(), 3);
        assert!(matches!(child[1].rewrite, Some(Rewrite::Difference(_))));
        assert_eq!(words.direct.len(), 2);
        for wrong in [
            "a or b and c",
            "a or",
            "(a or b",
            "a but b",
            "a b",
            "a from",
        ] {
            let model = format!("type t\n define x: {wrong}");
            let error = Model::parse(&model).unwrap_err();
            assert_eq!(error.line, 2, "{wrong}");
        }
        assert!(Model::parse("define x: a").is_err());
        assert!(Model::parse("condition x").is_err());
    }
}
