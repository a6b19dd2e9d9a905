//! What a staging query must not hold: anything that is no mapping of single rows, floats, the clock, chance.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};

use super::expression::volatile;

/// What is no mapping of single rows, and the keyword that asks for it.
pub(super) struct NoMapping {
    pub what: String,
    pub keyword: Option<&'static str>,
}

/// The first thing in a plan that is no mapping of single rows, or a float.
pub(super) fn inspect(plan: &LogicalPlan) -> Result<Option<NoMapping>, DataFusionError> {
    let mut fault = None;
    plan.apply_with_subqueries(|node| {
        fault = forbidden(node).or_else(|| float_in(node));
        Ok(if fault.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(fault)
}

/// A node that is no mapping of single rows.
fn forbidden(node: &LogicalPlan) -> Option<NoMapping> {
    let (what, keyword) = match node {
        LogicalPlan::Aggregate(_) => ("an aggregate", "group"),
        LogicalPlan::Window(_) => ("a window function", "over"),
        LogicalPlan::Distinct(_) => ("DISTINCT", "distinct"),
        LogicalPlan::Filter(_) => ("a WHERE that leaves rows out", "where"),
        LogicalPlan::Limit(_) => ("LIMIT", "limit"),
        LogicalPlan::Union(_) => ("UNION", "union"),
        LogicalPlan::Unnest(_) => ("UNNEST", "unnest"),
        LogicalPlan::Sort(_) => ("ORDER BY", "order"),
        LogicalPlan::Projection(_)
        | LogicalPlan::TableScan(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Join(_)
        | LogicalPlan::Subquery(_)
        | LogicalPlan::EmptyRelation(_)
        | LogicalPlan::Values(_) => return None,
        _ => ("a statement that is no SELECT", ""),
    };
    Some(NoMapping { what: what.to_owned(), keyword: Some(keyword) })
}

/// The first float or clock in a node's expressions.
pub(super) fn float_in(node: &LogicalPlan) -> Option<NoMapping> {
    let mut fault = None;
    let inputs = node.inputs();
    let schema = inputs.first().map_or(node.schema(), |input| input.schema());
    let walked = node.apply_expressions(|expr| {
        expr.apply(|part| {
            if matches!(part.get_type(schema), Ok(kind) if kind.is_floating()) {
                fault = Some(format!("a float: {part}"));
            }
            if let Expr::ScalarFunction(f) = part
                && volatile(f.name())
            {
                fault = Some(format!("a clock or chance: {part}"));
            }
            Ok(if fault.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })
    });
    walked.ok().and(fault).map(|what| NoMapping { what, keyword: None })
}
