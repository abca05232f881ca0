{{ config(**kept_by_month('months_to_read', 'transactions')) }}

{{ read_entity('transactions', months_to_read('transactions')) }}
