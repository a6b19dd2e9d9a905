//! What comes before what.

/// Things that are done one after the other, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The key of the pinned form that holds them.
    pub key: &'static str,
    /// `Deductions are taken`: the same things of another version are said so too.
    pub done: String,
    pub names: Vec<String>,
}

impl Order {
    /// What now comes before what, where that is not as it was or something has come between.
    pub(super) fn since(&self, before: &Self) -> Option<String> {
        let stayed: Vec<&String> = before.names.iter().filter(|name| self.names.contains(name)).collect();
        let are_now: Vec<&String> = self.names.iter().filter(|name| before.names.contains(name)).collect();
        let is_as_before = stayed == are_now && are_now.len() == self.names.len();
        let order = if stayed == are_now { "this order now" } else { "another order" };
        let (now, was) = (self.names.join(", then "), before.names.join(", then "));
        let is_new = before.names.is_empty();
        (!is_as_before && !is_new).then(|| format!("{} in {order}: {now} (before: {was}).", self.done))
    }
}
