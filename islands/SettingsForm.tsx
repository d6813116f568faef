import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { playAlertSound } from "../components/browser/alert_sound.ts";
import {
  askForNotifications,
  type NotificationConsent,
  notificationConsent,
} from "../components/browser/notifications.ts";
import {
  COUNT_MAX,
  COUNT_MIN,
  DEFAULT_SETTINGS,
  PALETTES,
  type Settings,
  settingsToQuery,
  THEMES,
  watchSettings,
  writeSettings,
  zoneFor,
} from "../components/browser/settings.ts";
import { timeZones } from "../components/browser/time_zones.ts";
import {
  SETTING_WORDS,
  settingChanges,
  settingValue,
} from "../components/settings_words.ts";
import { INTERVALS } from "../pipeline/domain/interval.ts";

export interface SettingsFormProps {
  /** Settings that came with the address of the page. */
  readonly carried: Partial<Settings>;
}

/** Everything a reader can choose, and a link that carries it elsewhere. */
export default function SettingsForm({ carried }: SettingsFormProps) {
  const [settings, setSettings] = useState(DEFAULT_SETTINGS);
  const [ready, setReady] = useState(false);
  const [consent, setConsent] = useState<NotificationConsent>("default");
  useEffect(() => {
    setReady(true);
    setConsent(notificationConsent());
    return watchSettings(setSettings);
  }, []);

  /** Returns what was asked for as far as the browser allows it. */
  const allowed = async (patch: Partial<Settings>) => {
    if (patch.notifications !== true) return patch;
    const answer = await askForNotifications();
    setConsent(answer);
    return { ...patch, notifications: answer === "granted" };
  };
  const change = async (patch: Partial<Settings>) =>
    writeSettings(await allowed(patch));

  return (
    <>
      <FromLink
        settings={settings}
        carried={carried}
        onUse={change}
        disabled={!ready}
      />
      <form
        class="settings"
        onSubmit={(event) => event.preventDefault()}
        aria-label="Settings"
      >
        <fieldset disabled={!ready}>
          <Row name="theme">
            <Choice
              name="theme"
              values={THEMES}
              value={settings.theme}
              onChange={(theme) => change({ theme })}
            />
          </Row>
          <Row name="palette">
            <Choice
              name="palette"
              values={PALETTES}
              value={settings.palette}
              onChange={(palette) => change({ palette })}
            />
          </Row>
          <Row name="timeZone" labels="timeZone">
            <TimeZone
              ready={ready}
              value={settings.timeZone}
              onChange={(timeZone) => change({ timeZone })}
            />
          </Row>
          <Row name="interval" labels="interval">
            <select
              id="interval"
              aria-describedby="about-interval"
              value={settings.interval}
              onChange={({ currentTarget }) =>
                change({ interval: currentTarget.value as never })}
            >
              {INTERVALS.map((one) => (
                <option
                  key={one}
                  value={one}
                  selected={one === settings.interval}
                >
                  {one}
                </option>
              ))}
            </select>
          </Row>
          <Row name="count" labels="count">
            <input
              id="count"
              type="number"
              min={COUNT_MIN}
              max={COUNT_MAX}
              step={1}
              required
              aria-describedby="about-count"
              value={settings.count}
              onChange={({ currentTarget }) => {
                if (currentTarget.reportValidity()) {
                  change({ count: currentTarget.valueAsNumber });
                }
              }}
            />
            <span class="fine">{COUNT_MIN} to {COUNT_MAX}</span>
          </Row>
          <Row name="sound" labels="sound">
            <Switch
              name="sound"
              checked={settings.sound}
              onChange={(sound) => {
                if (sound) playAlertSound();
                return change({ sound });
              }}
            />
          </Row>
          <Row name="notifications" labels="notifications">
            <Switch
              name="notifications"
              checked={settings.notifications && consent === "granted"}
              disabled={consent === "unsupported"}
              onChange={(notifications) => change({ notifications })}
            />
            <span class="fine" role="status">{CONSENT_WORDS[consent]}</span>
          </Row>
        </fieldset>
        <div class="settings-actions">
          <CopyLink settings={settings} disabled={!ready} />
          <button
            type="button"
            disabled={!ready}
            onClick={() => writeSettings(DEFAULT_SETTINGS)}
          >
            Back to defaults
          </button>
        </div>
      </form>
    </>
  );
}

const CONSENT_WORDS: Record<NotificationConsent, string> = {
  default: "",
  granted: "",
  denied: "This browser has been told to show none from this page; " +
    "its settings of the site can change that.",
  unsupported: "This browser shows none from a page at this address.",
};

/** What a setting is and does, and beside it how to choose. */
function Row({ name, labels, children }: {
  readonly name: keyof Settings;
  /** The control that the name labels, unless it is a group. */
  readonly labels?: string;
  readonly children: ComponentChildren;
}) {
  const { name: words, about } = SETTING_WORDS[name];
  return (
    <div
      class="setting"
      role={labels === undefined ? "radiogroup" : undefined}
      aria-labelledby={labels === undefined ? `name-${name}` : undefined}
      aria-describedby={labels === undefined ? `about-${name}` : undefined}
    >
      <div>
        {labels === undefined
          ? <b id={`name-${name}`}>{words}</b>
          : <label for={labels}>{words}</label>}
        <p class="fine" id={`about-${name}`}>
          {about}{" "}
          <span class="default">
            Default: {settingValue(DEFAULT_SETTINGS[name])}.
          </span>
        </p>
      </div>
      <div class="control">{children}</div>
    </div>
  );
}

function Choice<T extends string>({ name, values, value, onChange }: {
  readonly name: keyof Settings;
  readonly values: readonly T[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}) {
  return (
    <span class="segments">
      {values.map((one) => (
        <label key={one}>
          <input
            type="radio"
            name={name}
            value={one}
            checked={one === value}
            onChange={() => onChange(one)}
          />
          <span>{settingValue(one)}</span>
        </label>
      ))}
    </span>
  );
}

function Switch({ name, checked, disabled = false, onChange }: {
  readonly name: keyof Settings;
  readonly checked: boolean;
  readonly disabled?: boolean;
  readonly onChange: (checked: boolean) => void;
}) {
  return (
    <input
      id={name}
      type="checkbox"
      checked={checked}
      disabled={disabled}
      aria-describedby={`about-${name}`}
      onChange={({ currentTarget }) => {
        const wanted = currentTarget.checked;
        // Until it is so: the browser may refuse.
        currentTarget.checked = checked;
        onChange(wanted);
      }}
    />
  );
}

const NAMED_ZONES = ["exchange", "browser", "utc"] as const;

function TimeZone({ ready, value, onChange }: {
  readonly ready: boolean;
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const others = ready ? timeZones() : [];
  const known = [...NAMED_ZONES, ...others].includes(value);
  return (
    <select
      id="timeZone"
      aria-describedby="about-timeZone"
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    >
      {NAMED_ZONES.map((one) => (
        <option key={one} value={one} selected={one === value}>
          {settingValue(one)}
          {one === "browser" && ready && ` (${zoneFor(one, "UTC")})`}
        </option>
      ))}
      {!known && <option value={value} selected>{value}</option>}
      {others.length > 0 && (
        <optgroup label="Another">
          {others.map((one) => (
            <option key={one} value={one} selected={one === value}>
              {one}
            </option>
          ))}
        </optgroup>
      )}
    </select>
  );
}

/** Settings that came with the address of the page, until they are used. */
function FromLink({ settings, carried, onUse, disabled }: {
  readonly settings: Settings;
  readonly carried: Partial<Settings>;
  readonly onUse: (patch: Partial<Settings>) => Promise<void>;
  readonly disabled: boolean;
}) {
  const [offered, setOffered] = useState(carried);
  if (Object.keys(offered).length === 0) return null;
  const done = () => {
    history.replaceState(null, "", location.pathname);
    setOffered({});
  };
  const changes = settingChanges(settings, offered);
  return (
    <section
      class="panel offered needs-scripts"
      aria-labelledby="offered-title"
    >
      <h2 id="offered-title">This link carries settings</h2>
      {changes.length === 0
        ? <p>They are the ones that you have.</p>
        : (
          <dl class="facts">
            {changes.map(({ name, from, to }) => (
              <div key={name}>
                <dt>{SETTING_WORDS[name].name}</dt>
                <dd>
                  {from} <span aria-hidden="true">→</span>
                  <span class="visually-hidden">becomes</span> <b>{to}</b>
                </dd>
              </div>
            ))}
          </dl>
        )}
      <p class="settings-actions">
        {changes.length > 0 && (
          <button
            type="button"
            class="primary"
            disabled={disabled}
            onClick={() => onUse(offered).then(done)}
          >
            Use these settings
          </button>
        )}
        <button type="button" onClick={done} disabled={disabled}>
          {changes.length > 0 ? "Keep mine" : "Close"}
        </button>
      </p>
    </section>
  );
}

/** Copies a link with all settings; shows it where copying is forbidden. */
function CopyLink({ settings, disabled }: {
  readonly settings: Settings;
  readonly disabled: boolean;
}) {
  const [copied, setCopied] = useState<"no" | "yes" | "by hand">("no");
  useEffect(() => setCopied("no"), [settings]);
  const link = () => `${location.origin}/settings?${settingsToQuery(settings)}`;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link());
      setCopied("yes");
    } catch {
      setCopied("by hand");
    }
  };
  return (
    <>
      <button type="button" class="primary" disabled={disabled} onClick={copy}>
        Copy link
      </button>
      <span role="status" class="fine">
        {copied === "yes" &&
          "Copied. Opened in another browser, it offers these settings there."}
      </span>
      {copied === "by hand" && (
        <input
          class="link-text"
          readOnly
          aria-label="Link with these settings"
          value={link()}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
      )}
    </>
  );
}
