{{ rfm_by(['city'], ref('int_customers_profiled')) }}
