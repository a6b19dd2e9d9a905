//! The little SQL that these policies use: comparisons, `in` and `is null`, joined by `and`.

/// What a name stands for in a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
}

/// Comparisons, all of which must hold; a comparison with a null does not.
#[derive(Clone, Debug, Default)]
pub struct Condition(Vec<Comparison>);

#[derive(Clone, Debug)]
struct Comparison {
    name: String,
    sign: &'static str,
    /// One, but for `in`.
    literals: Vec<Value>,
}

const SIGNS: [&str; 6] = ["<>", ">=", "<=", "=", ">", "<"];

impl Condition {
    /// `tier = 'live' and followers >= 1000`.
    pub fn parse(text: &str) -> Self {
        Self(text.split(" and ").map(comparison).collect())
    }

    /// Whether it holds, given what the names stand for.
    pub fn holds(&self, value_of: &dyn Fn(&str) -> Value) -> bool {
        self.0.iter().all(|c| c.holds(&value_of(&c.name)))
    }
}

impl Comparison {
    fn holds(&self, value: &Value) -> bool {
        match self.sign {
            "is null" => return *value == Value::Null,
            "in" => return self.literals.contains(value),
            _ => {}
        }
        let order = match (value, &self.literals[0]) {
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (Value::Null, _) => return false,
            (a, b) => panic!("{} is compared with {b:?} but holds {a:?}", self.name),
        };
        match self.sign {
            "=" => order.is_eq(),
            "<>" => order.is_ne(),
            ">=" => order.is_ge(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            _ => order.is_lt(),
        }
    }
}

fn comparison(text: &str) -> Comparison {
    if let Some(name) = text.strip_suffix(" is null") {
        return Comparison { name: name.trim().to_owned(), sign: "is null", literals: Vec::new() };
    }
    if let Some((name, list)) = text.split_once(" in (") {
        let items = list.strip_suffix(')').expect("a closed list").split(',').map(literal);
        return Comparison { name: name.trim().to_owned(), sign: "in", literals: items.collect() };
    }
    let sign = SIGNS.into_iter().find(|s| text.contains(s)).unwrap_or_else(|| panic!("no comparison: {text:?}"));
    let (name, right) = text.split_once(sign).expect("the sign was found");
    Comparison { name: name.trim().to_owned(), sign, literals: vec![literal(right)] }
}

fn literal(text: &str) -> Value {
    let text = text.trim();
    match text.strip_prefix('\'').and_then(|l| l.strip_suffix('\'')) {
        Some(inner) => Value::Text(inner.to_owned()),
        None => Value::Int(text.parse().unwrap_or_else(|_| panic!("no literal: {text:?}"))),
    }
}
