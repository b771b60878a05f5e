//! Generates the reference of all settings, in Markdown.

use std::fmt::Write as _;

use super::foreign::{FOREIGN, Foreign, Verdict};
use super::list::GROUPS;
use super::member;
use super::setting::{Described, Group};
use super::source::PREFIX;
use super::verifier;
use super::{admission, engine};

const INTRODUCTION: &str = "\
# Configuration

<!-- Made of the list of settings by `lakekeeper config docs`; do not edit. -->

The server reads environment variables that start with `LAKEKEEPER__`. A setting can also be given as

- a file that contains only the value, for secrets: `LAKEKEEPER__PG_PASSWORD_FILE=/run/secrets/password`;
- a key of a TOML file, whose path is given by `--config` or `LAKEKEEPER__CONFIG_FILE`. The key is the name of the variable in
  lower case without the prefix; each `__` in the name separates a table from its key:

  ```toml
  listen_port = 8181
  pg_password_file = \"/run/secrets/password\"

  [idempotency]
  lifetime = \"30m\"
  ```

  The value of a list is an array of strings there: `pg_lost_keys = [\"aa17c460bbb4ce2a\"]`.

The command line wins over variables, and variables win over the file. A variable that is set but empty counts as not set. Only
settings that decide who may do what must not be empty, or the server does not start: `OPENID_…`,
`ENABLE_KUBERNETES_AUTHENTICATION`, `KUBERNETES_AUTHENTICATION_…`, `ADMISSION_ENFORCE_…` and `CONTRACT_VERIFICATION_…`.

All mistakes are reported together, before anything is opened; the exit status is then 78. An unknown name causes a warning that
suggests a known name that is spelled almost the same; `LAKEKEEPER__STRICT_CONFIG=true` makes it an error. Settings of today's
Lakekeeper for features that this version does not have (Cedar, role providers, …) are refused if ignoring them would give you
less than you asked for.

`lakekeeper config` shows the value of each setting and where it comes from, with secrets redacted.

Durations are written `500ms`, `30s`, `5m`, `1h`, `7d` or as ISO 8601 (`PT30M`); a number without a unit means seconds. Sizes are
numbers of bytes, or have a unit: `64MiB`.
";

const OTHERS: &str = "
## Settings of Lakekeeper up to 0.13 that this version does not have

A refused setting stops the server, unless it is empty or has the value after “unless”, which asks for nothing that is missing
here. An ignored setting causes a warning.

| variable | | why |
|---|---|---|
";

/// The whole page, as in `docs/configuration.md`.
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    for group in GROUPS {
        write_group(&mut page, group, PREFIX);
    }
    for group in member::GROUPS {
        write_group(
            &mut page,
            group,
            &format!("{PREFIX}{}<ID>__", member::FAMILY),
        );
    }
    for group in engine::GROUPS {
        write_group(
            &mut page,
            group,
            &format!("{PREFIX}{}<NAME>__", engine::FAMILY),
        );
    }
    for group in engine::identity_groups() {
        let prefix = format!("{PREFIX}{}<NAME>__IDENTITIES__<ID>__", engine::FAMILY);
        write_group(&mut page, group, &prefix);
    }
    for group in admission::GROUPS {
        let prefix = format!("{PREFIX}{}<NAME>__", admission::FAMILY);
        write_group(&mut page, group, &prefix);
    }
    for group in verifier::GROUPS {
        write_group(&mut page, group, &format!("{PREFIX}{}", verifier::FAMILY));
    }
    page.push_str(OTHERS);
    for foreign in FOREIGN {
        write_foreign(&mut page, foreign);
    }
    page
}

fn write_group(page: &mut String, group: &Group, prefix: &str) {
    let doc = group.doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let doc = if doc.is_empty() {
        doc
    } else {
        format!("{doc}\n\n")
    };
    let head = "| variable | default | what it does |\n|---|---|---|\n";
    append(page, format_args!("\n## {}\n\n{doc}{head}", group.title));
    for setting in group.settings {
        write_row(page, *setting, prefix);
    }
}

fn write_row(page: &mut String, setting: &dyn Described, prefix: &str) {
    let default = setting
        .default()
        .map_or_else(|| "not set".to_owned(), |text| format!("`{text}`"));
    let aliases: Vec<String> = setting
        .aliases()
        .iter()
        .map(|name| format!("`{prefix}{name}`"))
        .collect();
    let also = if aliases.is_empty() {
        String::new()
    } else {
        format!(" Also {}.", aliases.join(", "))
    };
    let kind = setting.kind();
    let doc = setting.doc();
    let name = setting.name();
    append(
        page,
        format_args!("| `{prefix}{name}` | {default} | {doc}{also} ({kind}) |\n"),
    );
}

fn write_foreign(page: &mut String, foreign: &Foreign) {
    let name = foreign.pattern();
    let (fate, why) = match foreign.verdict() {
        Verdict::Refused(why) => ("refused", why),
        Verdict::Ignored(why) => ("ignored", why),
        Verdict::Harmless => ("accepted", ""),
    };
    let harmless: Vec<String> = foreign
        .harmless()
        .iter()
        .map(|value| format!("`{value}`"))
        .collect();
    let unless = if harmless.is_empty() {
        String::new()
    } else {
        format!(" unless {}", harmless.join(", "))
    };
    append(
        page,
        format_args!("| `{PREFIX}{name}` | {fate}{unless} | {why} |\n"),
    );
}

/// Appends `text`. Writing to a `String` cannot fail.
fn append(page: &mut String, text: std::fmt::Arguments<'_>) {
    let written = page.write_fmt(text);
    debug_assert!(written.is_ok(), "memory takes all text");
}
