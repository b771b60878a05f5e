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

The server reads variables that start with `LAKEKEEPER__`. Each can also be given as

- a file that holds the value alone, for secrets: `LAKEKEEPER__PG_PASSWORD_FILE=/run/secrets/password`;
- a key of a TOML file, named by `--config` or `LAKEKEEPER__CONFIG_FILE`: the name in lower case without the prefix, and a
  table for each `__`:

  ```toml
  listen_port = 8181
  pg_password_file = \"/run/secrets/password\"

  [idempotency]
  lifetime = \"30m\"
  ```

  A setting that holds a list takes an array of texts there: `pg_lost_keys = [\"aa17c460bbb4ce2a\"]`.

The command line wins over variables, variables win over the file. A variable that is set but empty counts as not set; one that decides who may do what (`OPENID_…`, `ENABLE_KUBERNETES_AUTHENTICATION`, `KUBERNETES_AUTHENTICATION_…`, `ADMISSION_ENFORCE_…`, `CONTRACT_VERIFICATION_…`) is refused instead.

All mistakes are listed at once, before anything is opened, and the exit status is then 78. A name that is not known is warned about,
with the nearest one that is; `LAKEKEEPER__STRICT_CONFIG=true` makes it an error. Names of today's Lakekeeper for what this
version does not do (Cedar, role providers, …) are refused where ignoring them would give you less than you asked for.

`lakekeeper config` shows what counts and where it came from, without secrets.

Durations are written `500ms`, `30s`, `5m`, `1h`, `7d` or as ISO 8601 (`PT30M`); a number alone is seconds. Sizes are bytes, or `64MiB`.
";

const OTHERS: &str = "
## Names of Lakekeeper up to 0.13 that have no use here

Refused names stop the server unless the value asks for nothing that is missing; ignored ones are warned about.

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
