{{ rfm_by(['gender'], ref('int_customers_profiled')) }}
