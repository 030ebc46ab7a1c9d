//! All tables over all instances, with the names of what their indices point to.

use ::history::facts::{Event, Facts, Transition};
use polars::prelude::{Column, DataFrame, PolarsResult};

use crate::columns::numbers;
use crate::consumption::consumption;
use crate::schema::{
    COUNTDOWN, EVENTS, HISTORY, INSTANCE, INSTANCE_NAME, MEMBER, MEMBER_PATH, NODE, NODE_NAME, PREDICTED,
    Table, USAGE,
};
use crate::{Error, countdown, events, history as states, reports};

/// Makes every table of [`crate::schema::TABLES`], in their order, each over all instances, as [`Table::exported`]
/// describes it.
pub fn tables(facts: &Facts) -> Result<Vec<(Table, DataFrame)>, Error> {
    let each = || facts.instances.iter().enumerate();
    let transitions: Vec<(usize, &Transition)> = each()
        .flat_map(|(number, instance)| instance.transitions.iter().map(move |each| (number, each)))
        .collect();
    let all_events: Vec<(usize, &Event)> = each()
        .flat_map(|(number, instance)| instance.events.iter().map(move |each| (number, each)))
        .collect();
    let mut usage = USAGE.empty()?;
    let mut predicted = PREDICTED.empty()?;
    for (number, instance) in each() {
        let Some(used) = &instance.usage else { continue };
        let computed = match &instance.consumption {
            Some(_) => None,
            None => consumption(instance, facts.as_of)?,
        };
        let Some(consumption) = instance.consumption.as_ref().or(computed.as_ref()) else { continue };
        usage.vstack_mut(&reports::usage(number, instance, used, consumption)?)?;
        predicted.vstack_mut(&reports::predicted(number, consumption)?)?;
    }
    let made = [
        (HISTORY, states::table(&transitions, facts.as_of)?),
        (EVENTS, events::table(&all_events)?),
        (COUNTDOWN, countdown::table(&all_events)?),
        (USAGE, usage),
        (PREDICTED, predicted),
    ];
    made.into_iter().map(|(table, frame)| Ok((table, named(&frame, facts)?))).collect()
}

/// `frame` with names behind its indices.
fn named(frame: &DataFrame, facts: &Facts) -> Result<DataFrame, Error> {
    let mut columns: Vec<Column> = Vec::with_capacity(frame.width() + 2);
    for column in frame.columns() {
        columns.push(column.clone());
        match column.name().as_str() {
            INSTANCE => columns.push(Column::new(INSTANCE_NAME.into(), instance_names(frame, facts)?)),
            NODE => columns.push(Column::new(NODE_NAME.into(), node_names(frame, facts)?)),
            MEMBER => columns.push(Column::new(MEMBER_PATH.into(), member_paths(frame, facts)?)),
            _ => {}
        }
    }
    Ok(DataFrame::new(frame.height(), columns)?)
}

fn instance_names<'a>(frame: &DataFrame, facts: &'a Facts) -> Result<Vec<Option<&'a str>>, Error> {
    let names = numbers(frame, INSTANCE)?.map(|number| {
        let number = number?;
        let instance = facts.instances.get(number as usize);
        Ok(Some(&*instance.ok_or(Error::Index { column: INSTANCE, index: number })?.id))
    });
    names.collect()
}

fn node_names<'a>(frame: &DataFrame, facts: &'a Facts) -> Result<Vec<Option<&'a str>>, Error> {
    let nodes = frame.column(NODE)?.u32()?.iter();
    let names = numbers(frame, INSTANCE)?.zip(nodes).map(|(number, node)| {
        let (number, Some(node)) = (number?, node) else { return Ok(None) };
        let instance = facts.instances.get(number as usize);
        let node = instance.and_then(|instance| instance.nodes.get(node as usize));
        Ok(node.map(|node| &*node.name))
    });
    names.collect()
}

fn member_paths(frame: &DataFrame, facts: &Facts) -> PolarsResult<Vec<Option<String>>> {
    let paths = frame.column(MEMBER)?.u32()?.iter().map(|member| {
        let member = facts.members.get(member? as usize)?;
        let source = &facts.sources.get(member.source)?.path;
        Some(match &member.path {
            Some(path) => format!("{source}/{path}"),
            None => source.clone(),
        })
    });
    Ok(paths.collect())
}
