//! Signs requests as <https://www.standardwebhooks.com> describes it.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::RequestBuilder;
use ring::hmac;
use zeroize::Zeroizing;

/// Signs with HMAC-SHA-256.
#[derive(Clone)]
pub struct Signature(Arc<hmac::Key>);

/// The error for a secret that holds no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have a key in base64 after `whsec_`")]
pub struct InvalidSecret;

impl fmt::Debug for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[redacted]")
    }
}

impl Signature {
    /// A signer with the key in `secret`: `whsec_` followed by the key in base64, or any other text, whose bytes are
    /// the key.
    pub fn by(secret: &str) -> Result<Self, InvalidSecret> {
        let key = Zeroizing::new(match secret.strip_prefix("whsec_") {
            Some(encoded) => {
                let key = STANDARD.decode(encoded).ok();
                key.filter(|key| !key.is_empty()).ok_or(InvalidSecret)?
            }
            None => secret.as_bytes().to_vec(),
        });
        Ok(Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &key))))
    }

    /// The value of the header `webhook-signature`.
    fn of(&self, id: &str, at_s: i64, body: &[u8]) -> String {
        let mut signing = hmac::Context::with_key(&self.0);
        signing.update(format!("{id}.{at_s}.").as_bytes());
        signing.update(body);
        format!("v1,{}", STANDARD.encode(signing.sign()))
    }
}

/// Adds the body, the id and the Unix time in seconds to the request, and a signature if `by` is given.
pub fn signed(
    request: RequestBuilder,
    by: Option<&Signature>,
    (id, at_s): (&str, i64),
    body: Vec<u8>,
) -> RequestBuilder {
    let mut request = request
        .header("webhook-id", id)
        .header("webhook-timestamp", at_s);
    if let Some(signature) = by {
        request = request.header("webhook-signature", signature.of(id, at_s, &body));
    }
    request.body(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn signatures_are_those_of_the_specification() {
        let signature = Signature::by("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signed = signature.of(id, 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn the_key_is_not_shown() {
        let shown = format!("{:?}", Signature::by("hunter2").unwrap());
        assert_eq!(shown, "[redacted]");
    }
}
