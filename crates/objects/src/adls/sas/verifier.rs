//! Judges signatures in place of Azure: Azurite does not support signatures for folders.
//!
//! Takes the fields from the signature and the path from the request, and builds the text to sign from them. Written
//! from Azure's documentation, not from the code that signs.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ring::hmac;
use url::form_urlencoded;

/// A request at a point in time.
pub(in super::super) struct Asked<'a> {
    pub(in super::super) account: &'a str,
    pub(in super::super) filesystem: &'a str,
    pub(in super::super) path: &'a str,
    /// `r`, `w`, `d`, `l` and so on.
    pub(in super::super) permission: char,
    pub(in super::super) at: DateTime<Utc>,
}

/// Whether Azure would allow the request; `Err` says why not.
pub(in super::super) fn judge(token: &str, key: &[u8], asked: &Asked<'_>) -> Result<(), String> {
    let given: BTreeMap<String, String> = form_urlencoded::parse(token.as_bytes())
        .into_owned()
        .collect();
    let field = |name: &str| given.get(name).map_or("", String::as_str);
    let folder: Vec<&str> = match field("sr") {
        "c" => Vec::new(),
        "d" => {
            let depth: usize = field("sdd").parse().map_err(|_| "no depth")?;
            let segments: Vec<&str> = asked.path.split('/').collect();
            if segments.len() < depth {
                return Err("above the folder".to_owned());
            }
            segments[..depth].to_vec()
        }
        other => return Err(format!("unknown resource `{other}`")),
    };
    let mut resource = vec!["", "blob", asked.account, asked.filesystem];
    resource.extend(folder);
    let resource = resource.join("/");
    let by: &[&str] = if given.contains_key("skoid") {
        &[
            "skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid",
        ]
    } else {
        &["si"]
    };
    let mut lines = vec![field("sp"), field("st"), field("se"), &resource];
    lines.extend(by.iter().map(|name| field(name)));
    lines.extend(["sip", "spr", "sv", "sr", "snapshot", "ses"].map(field));
    lines.extend(["rscc", "rscd", "rsce", "rscl", "rsct"].map(field));
    let signature = STANDARD.decode(field("sig")).map_err(|e| e.to_string())?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::verify(&key, lines.join("\n").as_bytes(), &signature)
        .map_err(|_| "the signature does not match".to_owned())?;
    for end in ["se", "ske"] {
        if !field(end).is_empty() {
            let end = DateTime::parse_from_rfc3339(field(end)).map_err(|e| e.to_string())?;
            if asked.at >= end {
                return Err("it has ended".to_owned());
            }
        }
    }
    if !field("sp").contains(asked.permission) {
        return Err(format!("no permission `{}`", asked.permission));
    }
    Ok(())
}
