/// The objects of the API. Source: the contract; "Fleets as Code" for the YAML.
extension ShipyardDocumentation {
  static let components = #"""
    -- A lower-case UUID.
    Id = uuid = "5f1d0b7e-0d3c-4d7c-9f0e-3f1f6b7f0a11"
    Request = {id: Id}
    Failure = {request: Request, data: null}
    -- New values for variables of vessels; null has no effect.
    Trigger = {
      vessel_overrides?: [{
        -- The vessel's name.
        name: string = "Load",
        environment_variable_overrides?: {*: string|null} = {"SHIP": "Aurora"}
      }]
    }
    Run = {fleet_id: Id, project_id: Id, org_id: Id, fleet_run_id: Id}
    Triggered = {
      request: Request, data: Run,
      -- A page that shows the run.
      log: string = "http://127.0.0.1:7070/Harbor/projects/…/fleets/…/logs/…"
    }
    TriggeredByWebhook = {request: Request, data: Run}
    RunStatus = 'Scheduled'|'Running'|'Retrying'|'Success'|'Errored'|'Terminated'|'Incomplete'
    FleetRuns = {
      data_kind: 'fleet_runs',
      data: [{
        "Fleet ID": Id, "Fleet Name": string = "Harbor", "Fleet Version": integer(0..),
        "Fleet Log ID": Id, "Status": RunStatus, "Start Time": time|null, "End Time": time|null,
        "Duration": integer|null, "Billable Runtime": integer|null, "Vessels Count": integer(0..),
        "Trigger": 'On Demand'|'Schedule'|'Webhook'|'API'
      }]
    }
    -- A fleet as code, in YAML: what is sent.
    Fleet = {
      name: string(1..) = "Harbor",
      -- A fleet that is there is changed, else one of that id is made.
      _id?: Id|null,
      -- At least one, by name.
      vessels: {*: Vessel} = {"Load": {"source": {"type": "CODE", "language": "BASH"}}},
      connections?: {*: {*: Condition}}|null = {},
      triggers?: {schedules?: [Schedule]|null}|null,
      notifications?: Notifications|null
    }
    -- When a vessel runs after another.
    Condition = 'SUCCESS'|'ERRORED'|'COMPLETED'
    Vessel = {
      _id?: Id|null, source: CodeSource|BlueprintSource, guardrails?: Guardrails|null,
      notifications?: Notifications|null
    }
    CodeSource = {
      type: 'CODE', language: 'PYTHON'|'BASH'|'NODE' = "BASH",
      -- With PYTHON only.
      version?: '3.7'|'3.9',
      file?: {name: string(1..) = "load.sh", content?: string|null = "echo ahoy"},
      file_to_run?: string = "load.sh", git?: Git, arguments?: [Argument]|null,
      environment?: [Variable]|null, packages?: [Dependency]|null,
      system_packages?: [{name: string(1..)}]|null
    }
    BlueprintSource = {
      type: 'BLUEPRINT', blueprint: string(1..) = "Warehouse - Upload File",
      inputs?: {*: string|boolean|number|null}|null, file_to_run?: string, git?: Git, arguments?: [Argument]|null,
      environment?: [Variable]|null, packages?: [Dependency]|null,
      system_packages?: [{name: string(1..)}]|null
    }
    Git = {
      repository: string(1..), checkout_point?: string, clone_location?: 'REPO_NAME'|'CWD'
    }
    -- Three forms occur: with `key`, with `name`, or one flag with its value.
    Argument = {key: string, value?: string} | {name: string, value?: string} | {*: string|null}
    Variable = {name: string(1..) = "SHIP", value?: string|null}
    Dependency = {name: string(1..), version?: string}
    -- Durations are such as 0s, 5m and 4h0m0s.
    Guardrails = {
      retry_count?: integer(0..24), retry_wait?: string = "5m", runtime_cutoff?: string = "1h",
      -- An exit code or a range such as 3-5.
      exclude_exit_code_ranges?: [integer|string]|null
    }
    Notifications = {
      emails?: [string(1..)]|null, after_error?: boolean, after_on_demand?: boolean
    }
    Schedule = {
      how_often: 'HOURLY'|'DAILY'|'WEEKLY'|'MONTHLY' = "DAILY",
      -- Minutes come in steps of 5.
      at: string|integer = "2:00",
      -- A weekday, or a day of the month.
      when?: string|integer
    }
    -- The fleet as it is stored, in YAML.
    FleetAsCode = {
      name: string(1..) = "Harbor", _id: Id, vessels: {*: StoredVessel},
      connections?: {*: {*: Condition}}, triggers?: {schedules: [Schedule]},
      notifications: Notifications
    }
    StoredVessel = {
      _id: Id, source: CodeSource|BlueprintSource, guardrails: Guardrails,
      notifications: Notifications
    }
    Organization = {
      id: Id, name: string = "Harbor", created_at: time, updated_at: time, has_billing: boolean,
      is_runnable: boolean, is_in_developer_plan: boolean, is_over_developer_plan_limit: boolean,
      developer_plan_period_start: time|null, developer_plan_period_end: time|null
    }
    Organizations = {data_kind: 'organizations', data: [Organization]}
    Fleets = {
      data_kind: string = "fleets",
      data: [{
        org_id: Id, project_id: Id, id: Id, name: string = "Harbor", created_at: time,
        updated_at: time, version: integer, pallet_ids: [Id],
        vessel_dag: {
          vertices: [Id], versions: [integer],
          edges: [{from: Id, to: Id, condition: string = "SUCCESS"}]
        }
      }]
    }
    -- What a blueprint's `pallet_config.external_file.temp` refers to.
    ExternalFile = {
      data: {RequestID: Id, ExternalFile: string = "s3://production-shipyard-uploads-tmp/tmp/…"}
    }
    NewBlueprint = {
      name: string(1..) = "Load a file",
      -- 2: Python, 3: Bash, 7: Node.
      pallet_type: integer(2..7) = 3,
      synopsis?: string, description?: string, state?: integer(1..3),
      runtime_timeout?: integer(300..3600),
      retry_strategy?: {number_of_retries?: integer(0..24), ttr?: integer(0..3600), …},
      exclude_exit_code_ranges?: [[integer(1..255)]]|null,
      pallet_config?: object, spec_list?: [Input], …
    }
    BlueprintChange = {
      name?: string(1..) = "Load two files", synopsis?: string, description?: string,
      state?: integer(1..3), runtime_timeout?: integer(300..3600), spec_list?: [Input], …
    }
    -- An entry with an id changes that input, one without is added.
    Input = {id?: string|null, name?: string = "ship", type?: integer(1..8) = 1, …}
    BlueprintAnswer = {
      data_kind: 'blueprint',
      data: {
        org_id: Id, id: Id, created_at: time, updated_at: time, name: string(1..),
        pallet_type: integer(2..7), spec_list: [object], …
      }
    }
    """#
}
