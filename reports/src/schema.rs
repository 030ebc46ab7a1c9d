//! The JSON Schema of the report, made from the structs themselves: it cannot fall behind them.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::report::{Report, SCHEMA_VERSION};

/// The schema (draft 2020-12) of what `-f json` writes.
#[must_use]
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Report>();
    schema.insert("$id".to_owned(), format!("urn:uccxray:report:{SCHEMA_VERSION}").into());
    schema.insert("title".to_owned(), "uccxray report".into());
    schema.insert("version".to_owned(), SCHEMA_VERSION.into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_names_its_version_and_describes_every_field() {
        let schema = schema();
        assert_eq!(schema["$id"], "urn:uccxray:report:1.0");
        assert_eq!(schema["properties"]["schema_version"]["const"], "1.0");
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            let Some(properties) = definition["properties"].as_object() else { continue };
            for (field, property) in properties {
                assert!(property["description"].is_string(), "{name}.{field}");
            }
        }
    }

    #[test]
    fn what_may_be_null_is_still_required() {
        let schema = schema();
        let required = schema["required"].as_array().unwrap();
        assert!(required.contains(&"as_of".into()), "{required:?}");
        assert!(
            schema["properties"]["as_of"]["anyOf"]
                .as_array()
                .unwrap()
                .contains(&serde_json::json!({"type": "null"}))
        );
    }
}
