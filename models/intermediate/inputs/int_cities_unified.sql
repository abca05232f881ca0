{{ unified_spellings('city', 'select distinct city as spelling from ' ~ ref('cities')) }}
