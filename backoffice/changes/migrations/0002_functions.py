"""The functions that the history triggers call."""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION changes_context() RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('backoffice.context', true), '')::jsonb
$$;

CREATE FUNCTION changes_actor() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (changes_context() ->> 'actor')::bigint
$$;

CREATE FUNCTION changes_reason() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT nullif(changes_context() ->> 'reason', '')
$$;

-- The open change set of this transaction; the first call of a transaction finds or makes it.
CREATE FUNCTION changes_current_set() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    known bigint := nullif(current_setting('backoffice.change_set', true), '')::bigint;
    context jsonb := changes_context();
    set_key uuid := coalesce((context ->> 'key')::uuid, gen_random_uuid());
BEGIN
    IF known IS NOT NULL THEN
        RETURN known;
    END IF;
    INSERT INTO changes_changeset (key, kind, actor_id, actor_label, reason, source, request_id, undo_of_id)
    VALUES (
        set_key,
        coalesce(context ->> 'kind', 'sql'),
        (context ->> 'actor')::bigint,
        coalesce(context ->> 'actor_label', 'db:' || session_user),
        coalesce(context ->> 'reason', ''),
        left(coalesce(context ->> 'source', current_setting('application_name', true), ''), 255),
        left(coalesce(context ->> 'request_id', ''), 64),
        (context ->> 'undo_of')::bigint
    )
    ON CONFLICT (key) DO NOTHING
    RETURNING id INTO known;
    IF known IS NULL THEN
        SELECT id INTO known FROM changes_changeset WHERE key = set_key;
    END IF;
    PERFORM set_config('backoffice.change_set', known::text, true);
    RETURN known;
END;
$$;

-- Add to the counts of the open change set: {"catalog.product": {"+": 2, "~": 40}}.
CREATE FUNCTION changes_count(label text, symbol text, changed bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
    UPDATE changes_changeset
    SET counts = jsonb_set(
        counts,
        ARRAY[label],
        coalesce(counts -> label, '{}'::jsonb)
            || jsonb_build_object(symbol, coalesce((counts -> label ->> symbol)::bigint, 0) + changed)
    )
    WHERE id = changes_current_set()
$$;
"""

DROP_FUNCTIONS = """
DROP FUNCTION changes_count(text, text, bigint);
DROP FUNCTION changes_current_set();
DROP FUNCTION changes_reason();
DROP FUNCTION changes_actor();
DROP FUNCTION changes_context();
"""


class Migration(migrations.Migration):
    dependencies = [("changes", "0001_initial")]

    operations = [migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS)]
