import { LEVEL_SHAPES } from "../outage.ts";
import type { SystemView } from "../system_view.ts";
import { type Stage, stagesOf } from "./stages.ts";

/** The way of a tick as a picture, which reads as a list as well. */
export function PipelineFlow({ view }: { readonly view: SystemView }) {
  return (
    <ol class="flow">
      {stagesOf(view).map((stage) => (
        <StageBox
          key={stage.name}
          stage={stage}
        />
      ))}
    </ol>
  );
}

const StageBox = ({ stage }: { readonly stage: Stage }) => {
  const { name, what, level, word, arrives, figures, share } = stage;
  return (
    <li class={`stage level-${level}`}>
      {arrives !== null && (
        <p class="arrives">
          {`${arrives.label} `}
          <b>{arrives.p50}</b>,{" "}
          <span class="tail">
            99 % within <b>{arrives.p99}</b>
          </span>
        </p>
      )}
      <div class="stage-box">
        <h3>{name}</h3>
        <p class="state">
          <span class="shape" aria-hidden="true">{LEVEL_SHAPES[level]}</span>
          {" "}
          {word}
        </p>
        <p class="what">{what}</p>
        <ul class="figures">
          {figures.map(({ value, of }) => (
            <li key={of}>
              <b>{value}</b> {of}
            </li>
          ))}
        </ul>
        {share !== null && (
          <meter
            min={0}
            max={1}
            high={0.7}
            optimum={0}
            value={share.value}
            aria-label={share.label}
          />
        )}
      </div>
    </li>
  );
};
