-- The newest revisions of all instruments, for whoever watches the pipeline.

create index candle_revisions_known_to on candle_revisions (known_to) where interval = '1m';
