//! Pages of lists whose token is the position, for the small services.

use crate::service::Failure;
use serde_json::Value;

/// Cuts one page: its items and the token of the next page.
pub(crate) fn cut<T>(
    items: Vec<T>,
    token: Option<&Value>,
    size: usize,
    refuse: impl Fn(&str) -> Failure,
) -> Result<(Vec<T>, Option<String>), Failure> {
    let start = match token.and_then(Value::as_str) {
        None | Some("") => 0,
        Some(token) => {
            let start: usize = token.parse().map_err(|_| refuse("Invalid pagination token"))?;
            if start > items.len() {
                return Err(refuse("Invalid pagination token"));
            }
            start
        }
    };
    let end = start + size.max(1);
    let next = (end < items.len()).then(|| end.to_string());
    Ok((items.into_iter().skip(start).take(size.max(1)).collect(), next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pages_end() {
        let refuse = |m: &str| Failure::new("ValidationException", 400, m);
        let items: Vec<u32> = (0..5).collect();
        let (page, next) = cut(items.clone(), None, 2, refuse).expect("a page");
        assert_eq!((page, next.as_deref()), (vec![0, 1], Some("2")));
        let (page, next) = cut(items.clone(), Some(&json!("4")), 2, refuse).expect("a page");
        assert_eq!((page, next), (vec![4], None));
        assert!(cut(items, Some(&json!("zzz")), 2, refuse).is_err());
    }
}
